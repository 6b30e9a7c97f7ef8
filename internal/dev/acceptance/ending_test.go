package acceptance

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// hammer has clients change something again and again until they are refused, and returns when they are at it.
func hammer(t *testing.T, clients int, change func(client, n int) answer) (wait func()) {
	t.Helper()
	changed := make(chan bool, clients)
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			for n := 0; t.Context().Err() == nil; n++ {
				switch a := change(client, n); a.status {
				case 200:
					select {
					case changed <- true:
					default:
					}
				case 409: // another of them was quicker
				case 401:
					return
				default:
					t.Errorf("%s: %d %s", a.what, a.status, a.body)
					return
				}
			}
		})
	}
	<-changed
	return running.Wait
}

func TestWhoeverIsStoppedCannotHoldItUpByChangingSomething(t *testing.T) {
	t.Parallel()
	const account = "acc_hammer"
	ada, carol := person(t, account, "ada", "admin"), person(t, account, "carol", "admin")
	renames := func(token tok, clients int) func() {
		c := token.bearer()
		return hammer(t, clients, func(client, n int) answer {
			return c.call(t, "PATCH", "/v1/tokens/self", object{"name": fmt.Sprint(client, n)})
		})
	}
	robot := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write"}})
	wait := renames(robot, 40)
	ada.call(t, "DELETE", robot.path(), nil).want(t, 204)
	wait()

	paused := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write"}})
	wait = renames(paused, 10)
	ada.call(t, "PATCH", paused.path(), object{"isActive": false}).want(t, 200)
	wait()

	robots := make([]tok, 40)
	for i := range robots {
		robots[i] = ada.create(t, object{"kind": "service", "scopes": []string{"tokens:write"}})
	}
	wait = renames(robots[0], 10)
	done := ada.finished(t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", object{"ids": list(40, func(i int) string { return robots[i].ID })}))
	wait()
	if done.Revoked != 40 || done.Total != 40 {
		t.Errorf("%+v", done)
	}

	me := decode[struct{ ID string }](t, carol.call(t, "GET", "/v1/users/me", nil).want(t, 200)).ID
	wait = hammer(t, 10, func(client, n int) answer {
		return carol.call(t, "PUT", "/v1/users/me", object{"displayName": fmt.Sprint(client, n)})
	})
	ada.call(t, "POST", "/v1/users/"+me+"/suspend", nil).want(t, 200)
	wait()
}

func TestAJobIsCancelled(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_cancel", "ada", "admin")
	unknown := ada.unknown(t)
	begun := decode[bulk](t, ada.call(t, "POST", "/v1/tokens/bulk-revoke", object{"ids": unknown}).want(t, 202))
	path := "/v1/jobs/" + *begun.ID
	for range 2 {
		if b := decode[bulk](t, ada.call(t, "DELETE", path, nil).want(t, 200)); b.State != "cancelled" || b.Complete || b.StopReason != nil {
			t.Errorf("%+v", b)
		}
	}
	left := decode[bulk](t, ada.call(t, "GET", path, nil).want(t, 200))
	time.Sleep(300 * time.Millisecond)
	if later := decode[bulk](t, ada.call(t, "GET", path, nil).want(t, 200)); later.NotFound != left.NotFound || later.NotFound == 1000 {
		t.Errorf("it went on from %d to %d", left.NotFound, later.NotFound)
	}
	events := decode[eventPage](t, ada.call(t, "GET", "/v1/events?action=job.cancelled", nil).want(t, 200)).Records
	if len(events) != 1 || events[0].Target != *begun.ID {
		t.Errorf("%+v", events)
	}
}

func TestAJobStopsWithTheTokenThatBeganIt(t *testing.T) {
	t.Parallel()
	ada := person(t, "acc_stopped", "ada", "admin")
	maker := ada.create(t, object{"kind": "service", "scopes": []string{"tokens:delete"}})
	unknown := ada.unknown(t)
	begun := decode[bulk](t, maker.bearer().call(t, "POST", "/v1/tokens/bulk-revoke", object{"ids": unknown}).want(t, 202))
	ada.call(t, "DELETE", maker.path(), nil).want(t, 204)
	path := "/v1/jobs/" + *begun.ID
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		b := decode[bulk](t, ada.call(t, "GET", path, nil).want(t, 200))
		if b.State == "running" && time.Now().Before(deadline) {
			continue
		}
		if b.State != "stopped" || *b.StopReason != "revoked" || b.NotFound == 1000 {
			t.Errorf("%+v", b)
		}
		break
	}
}

// unknown are 1,000 ids of no token, with which a job has 25 steps to do.
func (c caller) unknown(t *testing.T) []string {
	t.Helper()
	me := decode[struct{ ID string }](t, c.call(t, "GET", "/v1/users/me", nil).want(t, 200)).ID
	return list(1000, func(i int) string { return fmt.Sprintf("tok_%s%011d", me[len("usr_"):], i) })
}
