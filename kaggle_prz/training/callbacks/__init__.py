"""What happens within a fold while it trains."""
