"""Where facts are kept and computed: the book on disk, its engine, its projection, importers. Nothing above knows the engine."""
