"""A small but honest management platform (管理平台) to try the service against: `flask upstream-sandbox`.

It knows of the service only the form of a record; docs/upstream-openapi.yaml is the contract of both.
"""
