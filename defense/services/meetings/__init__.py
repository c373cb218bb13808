"""Video meetings: wished for by the sittings, held by the providers, entered by those who may."""
