package cli

import "golang.org/x/sys/windows"

// diskSpace is the room on the file system of a folder, in bytes.
func diskSpace(dir string) (free, total uint64, ok bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, false
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, &total, nil)
	return free, total, err == nil
}
