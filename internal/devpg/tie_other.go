//go:build unix && !linux

package devpg

import "syscall"

// tie does nothing here: there is no such service outside Linux. A server that outlives a killed run is stopped by the next one.
func tie(*syscall.SysProcAttr) {}
