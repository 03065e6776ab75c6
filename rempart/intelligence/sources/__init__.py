"""Where records are fetched from: each source's way of publishing, over ``kernel.http`` alone."""
