"""Reports as pages: one file each, which asks for nothing from anywhere."""
