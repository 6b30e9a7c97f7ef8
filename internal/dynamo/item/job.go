package item

import (
	"fmt"
	"strings"

	"github.com/tokenwright/tokenwright/internal/audit"
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
	if !ok || it.String("type") != "job" || it.Int("version") == 0 {
		return job.Job{}, fmt.Errorf("item %s is no job", it.String("sk"))
	}
	j := job.Job{
		ID: id, Account: account, State: job.State(it.String("state")), Request: it.String("request"), Reason: it.String("reason"),
		Actor:  audit.Actor{User: user.ID(it.String("actorUser")), Token: token.ID(it.String("actorToken")), Kind: it.String("actorKind")},
		Origin: audit.Origin{IP: it.String("ip"), UserAgent: it.String("userAgent"), RequestID: it.String("requestId")},
		After:  token.ID(it.String("after")), Total: int(it.Int("total")), Counts: map[job.Outcome]int{},
		CreatedAt: it.Time("createdAt"), UpdatedAt: it.Time("updatedAt"), Version: it.Int("version"),
	}
	for _, outcome := range outcomes {
		if n := it["counts"].Fields.Int(string(outcome)); n > 0 {
			j.Counts[outcome] = int(n)
		}
	}
	for _, s := range it.Strings("pending") {
		j.Pending = append(j.Pending, token.ID(s))
	}
	for _, s := range it.Strings("results") {
		id, outcome, _ := strings.Cut(s, " ")
		j.Results = append(j.Results, job.Result{Token: token.ID(id), Outcome: job.Outcome(outcome)})
	}
	if f := it["filter"]; f.Kind == Map {
		j.Filter = &job.Filter{
			Owner: user.ID(f.Fields.String("owner")), Kind: token.Kind(f.Fields.String("kind")), Environment: token.Environment(f.Fields.String("environment")),
			Scope: scope.Scope(f.Fields.String("scope")), CreatedBefore: f.Fields.Time("createdBefore"), UnusedSince: f.Fields.Time("unusedSince"),
		}
	}
	return j, nil
}
