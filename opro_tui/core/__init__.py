"""The pure rules of OPRO: no I/O, no asyncio, no third party."""
