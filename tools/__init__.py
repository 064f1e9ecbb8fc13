"""Offline tools: they make what the product ships, and the product never imports them."""
