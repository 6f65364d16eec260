"""What changed between two reports, by effective traffic rather than by text: pure, over reports."""
