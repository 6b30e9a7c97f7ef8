package lifecycle_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/token"
)

const rotateKey = "9a1d"

func (w *world) once(c lifecycle.Caller, of lifecycle.Target, key string, grace string, ifVersion int64) (lifecycle.Issued, error) {
	p := period.Period{}
	if grace != "" {
		p = period.MustParse(grace)
	}
	return w.RotateOnce(w.Context(), c, of, ifVersion, p, key)
}

func TestARotationThatIsRepeatedIsMadeOnceAndAnswersTheSame(t *testing.T) {
	w := start(t)
	w.known(admin, analyst)
	issued, other := w.create(admin, lifecycle.Create{}), w.create(admin, lifecycle.Create{})
	first, err := w.once(admin, id(issued), rotateKey, "", 1)
	if err != nil || first.Secret == issued.Secret {
		t.Fatalf("%v, %v", first.Token.Version, err)
	}
	w.now = w.now.Add(lifecycle.ReplayLife - 1)
	events := len(w.fixture.Items(t, "EVENT#"))
	again, err := w.once(admin, id(issued), rotateKey, "", 1) // its own change does not count against If-Match
	if err != nil || again.Secret != first.Secret || again.Token.Version != 2 || len(w.fixture.Items(t, "EVENT#")) != events {
		t.Errorf("the repetition answers version %d, another secret: %v; %v", again.Token.Version, again.Secret != first.Secret, err)
	}
	for what, ask := range map[string]func() (lifecycle.Issued, error){
		"another grace": func() (lifecycle.Issued, error) { return w.once(admin, id(issued), rotateKey, "PT1H", 1) },
		"any version":   func() (lifecycle.Issued, error) { return w.once(admin, id(issued), rotateKey, "", 0) },
		"another token": func() (lifecycle.Issued, error) { return w.once(admin, id(other), rotateKey, "", 1) },
	} {
		_, err := ask()
		refuses(t, what+" under the key", err, lifecycle.ErrInvalid, "idempotency_key_reused", "Idempotency-Key")
	}
	if made := w.create(admin, lifecycle.Create{Name: "x", IdempotencyKey: rotateKey}); made.Token.ID == issued.Token.ID {
		t.Error("a create meets the record of a rotation")
	}
	w.now = w.now.Add(1)
	if late, err := w.once(admin, id(issued), rotateKey, "", 2); err != nil || late.Secret == first.Secret {
		t.Errorf("after its life the key still repeats: %v", err)
	}
}

func TestARepeatedRotationNeverHandsOutADeadSecret(t *testing.T) {
	for what, tt := range map[string]struct {
		grace string
		then  func(w *world, of lifecycle.Target) error
		code  string // "" = the answer is repeated
	}{
		"revoked":                      {"", func(w *world, of lifecycle.Target) error { return w.Revoke(w.Context(), admin, of, 0) }, "token_revoked"},
		"rotated again":                {"", func(w *world, of lifecycle.Target) error { _, err := w.once(admin, of, "another", "", 0); return err }, "rotated_again"},
		"rotated again, without a key": {"", func(w *world, of lifecycle.Target) error { _, err := w.once(admin, of, "", "", 0); return err }, "rotated_again"},
		"rotated again, with grace": {"", func(w *world, of lifecycle.Target) error {
			_, err := w.once(admin, of, "another", "PT1H", 0)
			return err
		}, ""},
		"whose grace is over": {"", func(w *world, of lifecycle.Target) error {
			_, err := w.once(admin, of, "another", "PT1H", 0)
			w.now = w.now.Add(time.Hour)
			return err
		}, "rotated_again"},
		"renamed": {"", func(w *world, of lifecycle.Target) error {
			_, err := w.Update(w.Context(), admin, of, 0, lifecycle.Update{Name: value("renamed")})
			return err
		}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			w := start(t)
			w.known(admin)
			issued := w.create(admin, lifecycle.Create{})
			first, err := w.once(admin, id(issued), rotateKey, tt.grace, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.then(w, id(issued)); err != nil {
				t.Fatal(err)
			}
			again, err := w.once(admin, id(issued), rotateKey, tt.grace, 0)
			if tt.code != "" {
				refuses(t, what, err, lifecycle.ErrConflict, tt.code)
			} else if err != nil || again.Secret != first.Secret {
				t.Errorf("another answer: %v", err)
			}
		})
	}
}

// Who may no longer rotate the token is not told its secret, and a record is met by nobody else.
func TestARepeatedRotationIsAuthorizedAnew(t *testing.T) {
	w := start(t)
	w.known(admin, analyst, evil)
	robot := w.create(admin, lifecycle.Create{Kind: token.Service, Scopes: list("orders:read")})
	first, err := w.once(admin, id(robot), rotateKey, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	demoted := holding(admin, "tokens:read")
	_, err = w.once(demoted, id(robot), rotateKey, "", 0)
	refuses(t, "without tokens:write", err, lifecycle.ErrForbidden, "insufficient_scope")
	if _, err := w.once(evil, id(robot), rotateKey, "", 0); err == nil {
		t.Error("another account is answered")
	}
	colleague := person("acc_acme", "zoe", "admin")
	w.known(colleague)
	if got, err := w.once(colleague, id(robot), rotateKey, "", 0); err != nil || got.Secret == first.Secret {
		t.Errorf("a colleague with the same key is answered with another's secret: %v", err)
	}
}

func TestATokenRepeatsItsOwnRotationWhileItsSecretStillWorks(t *testing.T) {
	w := start(t)
	w.known(admin)
	issued := w.create(admin, lifecycle.Create{})
	caller := w.bearer(issued)
	first, err := w.once(caller, self, rotateKey, "PT1H", 0)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.once(caller, self, rotateKey, "PT1H", 0); err != nil || again.Secret != first.Secret {
		t.Errorf("the repetition: %v", err)
	}
}

func TestOneKeyAtTheSameTimeIsOneRotation(t *testing.T) {
	for _, ifVersion := range []int64{0, 1} {
		w := start(t)
		w.known(admin)
		issued := w.create(admin, lifecycle.Create{})
		var wg sync.WaitGroup
		secrets := make(chan token.Secret, 8)
		for range 8 {
			wg.Go(func() {
				if got, err := w.once(admin, id(issued), rotateKey, "", ifVersion); err != nil {
					t.Errorf("If-Match %d: %v", ifVersion, err)
				} else {
					secrets <- got.Secret
				}
			})
		}
		wg.Wait()
		close(secrets)
		first := <-secrets
		for s := range secrets {
			if s != first {
				t.Errorf("If-Match %d: two secrets", ifVersion)
			}
		}
		if got, err := w.Get(t.Context(), admin, id(issued)); err != nil || got.Version != 2 {
			t.Errorf("If-Match %d: version %d, %v", ifVersion, got.Version, err)
		}
	}
}
