"""The default Word templates of the documents, as text that can be reviewed.

`make document-templates` writes them to `templates/documents/`. What a template may name between braces is in
`defense/services/documents/samples*.py`.
"""
