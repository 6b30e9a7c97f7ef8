package item

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

const (
	jobsPrefix = "JOBS#"
	jobPrefix  = "JOB#"
)

// JobKey is where a job lies: in a partition of its own kind, so that what works on jobs may touch no event.
func JobKey(a user.AccountID, id job.ID) Key {
	return Key{jobsPrefix + string(a), jobPrefix + string(id)}
}

// ParseJobKey reads whose job a key names.
func ParseJobKey(k Key) (user.AccountID, job.ID, bool) {
	account, ok := strings.CutPrefix(k.PK, jobsPrefix)
	name, ok2 := strings.CutPrefix(k.SK, jobPrefix)
	id, err := job.ParseID(name)
	return user.AccountID(account), id, ok && ok2 && err == nil
}

var outcomes = []job.Outcome{job.Revoked, job.AlreadyRevoked, job.NotFound, job.Refused}

// OfJob draws a job:
//
//	{"pk": "JOBS#acc_acme", "sk": "JOB#job_…", "type": "job", "account": "acc_acme", "state": "running", "request": "…",
//	 "actorUser": "usr_…", "actorToken": "tok_…", "actorKind": "person", "ip": "203.0.113.7", "userAgent": "curl/8.5.0",
//	 "requestId": "…", "reason": "…", "pending": ["tok_…"], "after": "tok_…",
//	 "listed": true, "deferred": ["tok_…"], "stopReason": "revoked",
//	 "filter": {"owner": "usr_…", "kind": "service", "environment": "live", "scope": "orders:read", "createdBefore": ms, "unusedSince": ms},
//	 "total": 3, "counts": {"revoked": 1, "refused": 1}, "results": ["tok_… revoked", "tok_… refused"],
//	 "createdAt": ms, "updatedAt": ms, "version": 1, "endsAt": ms, "ttl": seconds}
func OfJob(j *job.Job) Item {
	it := JobKey(j.Account, j.ID).Item()
	it["type"], it["account"], it["state"], it["request"] = String("job"), String(string(j.Account)), String(string(j.State)), String(j.Request)
	it["actorUser"], it["actorKind"] = String(string(j.Actor.User)), String(j.Actor.Kind)
	it.SetString("actorToken", string(j.Actor.Token))
	it.SetString("ip", j.Origin.IP)
	it.SetString("userAgent", j.Origin.UserAgent)
	it.SetString("requestId", j.Origin.RequestID)
	it.SetString("reason", j.Reason)
	it.SetString("after", string(j.After))
	it["pending"] = ListOf(j.Pending, func(id token.ID) Value { return String(string(id)) })
	if len(j.Deferred) > 0 {
		it["deferred"] = ListOf(j.Deferred, func(id token.ID) Value { return String(string(id)) })
	}
	if j.Listed {
		it["listed"] = Bool(true)
	}
	it.SetString("stopReason", j.StopReason)
	it["results"] = ListOf(j.Results, func(r job.Result) Value { return String(string(r.Token) + " " + string(r.Outcome)) })
	counts := Item{}
	for outcome, n := range j.Counts {
		counts[string(outcome)] = Int(int64(n))
	}
	it["counts"], it["total"] = MapOf(counts), Int(int64(j.Total))
	if j.Filter != nil {
		it["filter"] = ofFilter(j.Filter)
	}
	it["createdAt"], it["updatedAt"], it["version"] = Time(j.CreatedAt), Time(j.UpdatedAt), Int(j.Version)
	it["endsAt"], it["ttl"] = Time(j.EndsAt()), Int(j.EndsAt().Unix()+1)
	return it
}

func ofFilter(f *job.Filter) Value {
	it := Item{}
	it.SetString("owner", string(f.Owner))
	it.SetString("kind", string(f.Kind))
	it.SetString("environment", string(f.Environment))
	it.SetString("scope", string(f.Scope))
	it.SetTime("createdBefore", f.CreatedBefore)
	it.SetTime("unusedSince", f.UnusedSince)
	return MapOf(it)
}

// Job reads a job.
func Job(it Item) (job.Job, error) {
	account, id, ok := ParseJobKey(KeyOf(it))
	if !ok {
		return job.Job{}, fmt.Errorf("item %q is no job", it.String("sk"))
	}
	r := reader{it: it}
	r.isA("job")
	if user.AccountID(r.text("account")) != account {
		r.refuse("account", "is another")
	}
	j := job.Job{
		ID: id, Account: account, State: word(&r, "state", job.Running, job.Done, job.Cancelled, job.Stopped), Request: r.text("request"), Reason: r.textOrNone("reason"),
		Actor: actor(&r), Origin: origin(&r), Pending: slices.Concat(texts[token.ID](&r, "pending")), Filter: filterOrNone(&r), After: token.ID(r.textOrNone("after")),
		Listed: r.has("listed") && r.truth("listed"), Deferred: textsOrNone[token.ID](&r, "deferred"), StopReason: r.textOrNone("stopReason"),
		Total: int(r.number("total")), Counts: counts(&r), Results: results(&r),
		CreatedAt: r.instant("createdAt"), UpdatedAt: r.instant("updatedAt"), Version: r.number("version"),
	}
	if r.err == nil && j.Version == 0 {
		r.refuse("version", "is 0")
	}
	if r.err != nil {
		return job.Job{}, fmt.Errorf("%s: %w", id, r.err)
	}
	return j, nil
}

// filterOrNone reads which tokens are meant. With a part of it missing it would mean more.
func filterOrNone(of *reader) *job.Filter {
	if !of.has("filter") {
		return nil
	}
	r := of.fields("filter")
	f := &job.Filter{
		Owner: user.ID(r.textOrNone("owner")), Kind: wordOrNone(&r, "kind", token.Personal, token.Service),
		Environment: wordOrNone(&r, "environment", token.Live, token.Test), Scope: scope.Scope(r.textOrNone("scope")),
		CreatedBefore: r.instantOrNone("createdBefore"), UnusedSince: r.instantOrNone("unusedSince"),
	}
	of.err = r.err
	return f
}

func counts(of *reader) map[job.Outcome]int {
	r := of.fields("counts")
	out := map[job.Outcome]int{}
	for name := range r.it {
		outcome, n := job.Outcome(name), r.number(name)
		if !slices.Contains(outcomes, outcome) {
			r.refuse(name, "is no outcome that this version knows")
		}
		out[outcome] = int(n)
	}
	of.err = r.err
	return out
}

func results(r *reader) []job.Result {
	var out []job.Result
	for _, s := range texts[string](r, "results") {
		id, outcome, _ := strings.Cut(s, " ")
		if !slices.Contains(outcomes, job.Outcome(outcome)) {
			r.refuse("results", "holds an outcome that this version does not know")
		}
		out = append(out, job.Result{Token: token.ID(id), Outcome: job.Outcome(outcome)})
	}
	return out
}
