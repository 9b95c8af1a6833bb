"""One model of what a run takes: its work by kind, a machine's seconds for a unit of each, and a link."""
