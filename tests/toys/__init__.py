"""Small functions with known behaviour, for tests of the runtime. An app, so that real worker processes load them."""
