"""Who we are to the server: stream, authentication, resource binding, acknowledgements, resumption."""
