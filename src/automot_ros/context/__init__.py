"""Level 2: how an attention context travels: its layout in bytes, its encodings, the ring in shared memory."""
