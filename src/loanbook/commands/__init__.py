"""Commands of the command line, one module a subject: each calls one service and prints what it returns."""
