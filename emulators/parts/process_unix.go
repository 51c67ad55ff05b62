//go:build unix && !linux

package parts

import "syscall"

// Only Linux can tie a process to its parent's death.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
