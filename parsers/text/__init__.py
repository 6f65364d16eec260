"""What the platforms share when they read text: lines and their ledger, trees, well-known names."""
