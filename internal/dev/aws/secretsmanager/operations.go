package secretsmanager

import (
	"crypto/rand"
	"fmt"
	"slices"
)

// Stages of a version.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

func (s *Server) getSecretValue(found *secret, q request) (any, error) {
	v := found.pick(q.VersionID, q.VersionStage)
	if v == nil {
		return nil, ErrNotFound
	}
	return map[string]any{
		"ARN": found.ARN, "Name": found.Name, "VersionId": v.ID, "SecretString": v.Value,
		"VersionStages": v.Stages, "CreatedDate": v.Created,
	}, nil
}

func (s *Server) describeSecret(found *secret, _ request) (any, error) {
	stages := map[string][]string{}
	for _, v := range found.Versions {
		if len(v.Stages) > 0 {
			stages[v.ID] = v.Stages
		}
	}
	return map[string]any{
		"ARN": found.ARN, "Name": found.Name, "Description": found.Description, "VersionIdsToStages": stages,
		"CreatedDate": found.Versions[0].Created, "LastChangedDate": found.Versions[len(found.Versions)-1].Created,
	}, nil
}

func (s *Server) listSecretVersionIDs(found *secret, _ request) (any, error) {
	versions := []map[string]any{}
	for _, v := range found.Versions {
		if len(v.Stages) > 0 {
			versions = append(versions, map[string]any{"VersionId": v.ID, "VersionStages": v.Stages, "CreatedDate": v.Created})
		}
	}
	return map[string]any{"ARN": found.ARN, "Name": found.Name, "Versions": versions}, nil
}

// putSecretValue is idempotent per ClientRequestToken, which becomes the id of
// the version.
func (s *Server) putSecretValue(found *secret, q request) (any, error) {
	if q.SecretString == nil || q.SecretBinary != nil {
		return nil, badRequest("InvalidParameterException", "the local Secrets Manager keeps a SecretString only")
	}
	if q.ClientRequestToken == "" {
		q.ClientRequestToken = newVersionID()
	}
	if q.VersionStages == nil {
		q.VersionStages = []string{current}
	}
	if v := found.pick(q.ClientRequestToken, ""); v != nil {
		if v.Value != *q.SecretString {
			return nil, badRequest("ResourceExistsException", "the version %s has another value", v.ID)
		}
		return described(found, v), nil
	}
	v := &version{ID: q.ClientRequestToken, Value: *q.SecretString, Created: s.timestamp()}
	found.Versions = append(found.Versions, v)
	for _, stage := range q.VersionStages {
		found.move(stage, v)
	}
	return described(found, v), s.save()
}

func (s *Server) updateSecretVersionStage(found *secret, q request) (any, error) {
	holder := found.pick("", q.VersionStage)
	if holder != nil && holder.ID != q.RemoveFromVersionID && q.MoveToVersionID != holder.ID {
		return nil, badRequest("InvalidParameterException", "the stage %s is on version %s; name it in RemoveFromVersionId", q.VersionStage, holder.ID)
	}
	if q.MoveToVersionID == "" {
		if q.VersionStage == current {
			return nil, badRequest("InvalidParameterException", "AWSCURRENT can be moved, not removed")
		}
		found.move(q.VersionStage, nil)
		return described(found, nil), s.save()
	}
	target := found.pick(q.MoveToVersionID, "")
	if target == nil {
		return nil, ErrNotFound
	}
	found.move(q.VersionStage, target)
	return described(found, nil), s.save()
}

func described(found *secret, v *version) map[string]any {
	answer := map[string]any{"ARN": found.ARN, "Name": found.Name}
	if v != nil {
		answer["VersionId"], answer["VersionStages"] = v.ID, v.Stages
	}
	return answer
}

// pick finds a version by id, by stage, or by both; AWSCURRENT by default.
func (f *secret) pick(id, stage string) *version {
	if id == "" && stage == "" {
		stage = current
	}
	for _, v := range f.Versions {
		if (id == "" || v.ID == id) && (stage == "" || slices.Contains(v.Stages, stage)) {
			return v
		}
	}
	return nil
}

// move puts a stage on a version and takes it from the one that had it; what
// loses AWSCURRENT becomes AWSPREVIOUS.
func (f *secret) move(stage string, to *version) {
	from := f.pick("", stage)
	if from == to {
		return
	}
	if from != nil {
		from.Stages = slices.DeleteFunc(from.Stages, func(s string) bool { return s == stage })
	}
	if to != nil {
		to.Stages = append(to.Stages, stage)
	}
	if stage == current && from != nil {
		f.move(previous, from)
	}
}

func newVersionID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
