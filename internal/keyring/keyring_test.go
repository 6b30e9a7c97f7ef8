package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/keyring"
	"github.com/tokenwright/tokenwright/internal/token"
)

// vault is a secret that can be changed, counted and cut off.
type vault struct {
	mu    sync.Mutex
	text  string
	err   error
	reads int
}

func (v *vault) read(context.Context) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reads++
	return v.text, v.err
}

func (v *vault) set(text string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.text, v.err = text, err
}

func ring(current string, ids ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"current":%q`, current)
	for _, id := range ids {
		fmt.Fprintf(&b, `,%q:%q`, id, strings.Repeat(id, 32))
	}
	return b.String() + "}"
}

func open(v *vault) (*keyring.Keyring, *time.Time) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return keyring.New(v.read, func() time.Time { return now }), &now
}

func TestKeysAreReadOnce(t *testing.T) {
	v := &vault{text: ring("k1", "k1")}
	k, _ := open(v)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if key, err := k.Key(t.Context(), "k1"); err != nil || key.ID != "k1" {
				t.Errorf("Key = %v, %v", key, err)
			}
		})
	}
	wg.Wait()
	if v.reads != 1 {
		t.Errorf("%d reads for 50 uses, want 1", v.reads)
	}
}

func TestAnUnknownKeyLeadsToOneReload(t *testing.T) {
	v := &vault{text: ring("k1", "k1")}
	k, now := open(v)
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(time.Minute)
	v.set(ring("k2", "k1", "k2"), nil) // rotated
	if key, err := k.Key(t.Context(), "k2"); err != nil || key.ID != "k2" {
		t.Errorf("after a rotation Key(k2) = %v, %v", key, err)
	}
	*now = now.Add(time.Minute)
	for range 20 {
		if _, err := k.Key(t.Context(), "k9"); !errors.Is(err, keyring.ErrUnknownKey) {
			t.Errorf("Key(k9) = %v, want ErrUnknownKey", err)
		}
	}
	if v.reads != 3 {
		t.Errorf("%d reads, want 3: at start, for k2, and one for all twenty uses of k9", v.reads)
	}
}

func TestWithoutAKeyringEveryUseFails(t *testing.T) {
	v := &vault{err: errors.New("no route")}
	k, _ := open(v)
	if _, err := k.Key(t.Context(), "k1"); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Key = %v, want ErrUnavailable", err)
	}
	if _, err := k.Current(t.Context()); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Current = %v, want ErrUnavailable", err)
	}
	v.set(ring("k1", "k1"), nil)
	if _, err := k.Key(t.Context(), "k1"); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
}

func TestALoadedKeyringOutlivesAnOutage(t *testing.T) {
	v := &vault{text: ring("k1", "k1")}
	k, now := open(v)
	if _, err := k.Current(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.set("", errors.New("no route"))
	*now = now.Add(time.Hour)
	if key, err := k.Current(t.Context()); err != nil || key.ID != "k1" {
		t.Errorf("Current = %v, %v", key, err)
	}
	v.set(ring("k2", "k1", "k2"), nil)
	if key, err := k.Current(t.Context()); err != nil || key.ID != "k2" {
		t.Errorf("after the outage Current = %v, %v; want the rotated key", key, err)
	}
}

func TestBadKeyringsAreRefusedWithoutQuotingThem(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON": "hush-hush", "nested": `{"current":"k1","keys":{"k1":"hush-hush"}}`, "no current": `{"k1":"hush-hush-hush-hush-hush-hush-hush"}`,
		"current missing": ring("k2", "k1"), "short key": `{"current":"k1","k1":"hush-hush"}`, "empty": "",
	} {
		k, _ := open(&vault{text: text})
		err := k.Load(t.Context())
		if !errors.Is(err, token.ErrUnavailable) {
			t.Errorf("%s: Load = %v, want ErrUnavailable", name, err)
		}
		if strings.Contains(fmt.Sprint(err), "hush") {
			t.Errorf("%s: the error quotes the secret: %v", name, err)
		}
	}
}

func TestAClockThatIsSetBackHoldsNothingForLonger(t *testing.T) {
	v := &vault{text: ring("k1", "k1")}
	k, now := open(v)
	if _, err := k.Current(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.set(ring("k2", "k1", "k2"), nil)
	*now = now.Add(-time.Hour)
	if key, err := k.Current(t.Context()); err != nil || key.ID != "k2" {
		t.Errorf("Current = %v, %v; want the rotated key", key, err)
	}
	v.set(ring("k3", "k1", "k2", "k3"), nil)
	*now = now.Add(-time.Hour)
	if key, err := k.Key(t.Context(), "k3"); err != nil || key.ID != "k3" {
		t.Errorf("a new key is not found: %v, %v", key, err)
	}
}
