"""Labels from files of other programs, and labels as files for them: one small module each."""
