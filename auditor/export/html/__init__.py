"""The report as one HTML file: page, drawing of the site, bars of what is open, and their templates."""
