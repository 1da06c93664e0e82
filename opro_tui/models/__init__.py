"""The LLMs: adapters for three wire formats, retries, prices and token counts."""
