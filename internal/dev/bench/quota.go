package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// quotaPeriod is the period in which a process gets its share of the processor.
const quotaPeriod = 20 * time.Millisecond

// quota is a cgroup that holds its processes to a share of one core.
type quota struct{ folder string }

// newQuota makes the cgroup, by version 2 or 1, whichever the machine lets us write to.
func newQuota(share float64) (*quota, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("finding cgroups: %w", err)
	}
	quotaMicros := strconv.Itoa(int(share * float64(quotaPeriod.Microseconds())))
	period := strconv.FormatInt(quotaPeriod.Microseconds(), 10)
	refused := []error{errors.New("no cgroup can be written")}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		q := &quota{filepath.Join(fields[1], "tokenwright-bench-"+strconv.Itoa(os.Getpid()))}
		switch {
		case fields[2] == "cgroup2":
			err = q.make(fields[1], [][2]string{{"cpu.max", quotaMicros + " " + period}})
		case fields[2] == "cgroup" && strings.Contains(","+fields[3]+",", ",cpu,"):
			err = q.make(fields[1], [][2]string{{"cpu.cfs_period_us", period}, {"cpu.cfs_quota_us", quotaMicros}})
		default:
			continue
		}
		if err == nil {
			return q, nil
		}
		refused = append(refused, err)
	}
	return nil, errors.Join(refused...)
}

func (q *quota) make(parent string, settings [][2]string) error {
	if err := os.Mkdir(q.folder, 0o750); err != nil {
		return err
	}
	// Where the parent shares the processor out already this changes nothing, and where it may not, the next write says so.
	_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+cpu"), 0o600)
	for _, s := range settings {
		if err := os.WriteFile(filepath.Join(q.folder, s[0]), []byte(s[1]), 0o600); err != nil {
			q.remove()
			return err
		}
	}
	return nil
}

// hold puts a process, with all its threads, under the quota.
func (q *quota) hold(pid int) error {
	if err := os.WriteFile(filepath.Join(q.folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
		return fmt.Errorf("holding process %d: %w", pid, err)
	}
	return nil
}

// remove works once every process in it has ended.
func (q *quota) remove() {
	for range 50 {
		if os.Remove(q.folder) == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
