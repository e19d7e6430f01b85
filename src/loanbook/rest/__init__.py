"""The HTTP face of the services: routes made of the verbs, one transaction for what arrives together."""
