package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// openDataDir makes the data folder and takes its lock. The lock goes with the
// process, so a crash leaves nothing to clean up.
func (s *Stack) openDataDir(context.Context) error {
	dir := s.options.DataDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unwritable(dir, err)
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the stack's own data folder
	if err != nil {
		return unwritable(dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(file, 32))
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("the data folder %s is in use by another running stack%s: stop that one first", dir, process(string(holder)))
		}
		return fmt.Errorf("locking the data folder %s: %w", dir, err)
	}
	s.lock = file
	if err := errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid()))); err != nil {
		return unwritable(dir, err)
	}
	return nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

func process(id string) string {
	if id = strings.TrimSpace(id); id == "" {
		return ""
	}
	return " (process " + id + ")"
}

func unwritable(dir string, err error) error {
	var reason *fs.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	return fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
}
