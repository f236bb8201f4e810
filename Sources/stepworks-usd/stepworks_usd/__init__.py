"""Turns GLB models into OpenUSD: .usdc, .usdz and .usda, each read again and compared with its source."""
