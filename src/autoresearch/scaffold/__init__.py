"""What `init` writes: what it finds in a project, the brief it renders, and the files that ship."""
