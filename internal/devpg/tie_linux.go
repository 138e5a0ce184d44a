package devpg

import "syscall"

// tie has the kernel send the child an orderly shutdown (SIGINT, to PostgreSQL) when this process dies, be it by kill -9.
func tie(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
