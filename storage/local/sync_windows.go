package local

import "os"

// syncDir does nothing: NTFS keeps names in its own journal, and Windows lets
// nobody flush a folder.
func syncDir(*os.Root, string) error { return nil }
