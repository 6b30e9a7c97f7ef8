package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Change is one item before and after a write, in DynamoDB JSON; nil for none.
type Change struct {
	Old, New json.RawMessage
	Expired  bool // TTL removed it
}

// record is a change as a function gets it.
type record struct {
	ID        string         `json:"eventID"`
	Name      string         `json:"eventName"`
	Version   string         `json:"eventVersion"`
	Source    string         `json:"eventSource"`
	Region    string         `json:"awsRegion"`
	Data      map[string]any `json:"dynamodb"`
	SourceARN string         `json:"eventSourceARN"`
	Identity  *identity      `json:"userIdentity,omitempty"`

	at       time.Time
	sequence string
}

// identity says that nobody but TTL made the change.
type identity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
}

// makeRecord makes the record of a change; nil when it changed nothing, which streams do not tell.
func (c *Consumer) makeRecord(n queued) (*record, error) {
	if bytes.Equal(n.change.Old, n.change.New) {
		return nil, nil
	}
	r := &record{
		Version: "1.1", Source: "aws:dynamodb", Region: c.Region, SourceARN: c.StreamARN, at: n.at,
		sequence: fmt.Sprintf("%024d", n.number), ID: fmt.Sprintf("%032x", n.number),
	}
	images := map[string]any{}
	for name, raw := range map[string]json.RawMessage{"OldImage": n.change.Old, "NewImage": n.change.New} {
		if raw == nil {
			continue
		}
		var image map[string]any
		if err := json.Unmarshal(raw, &image); err != nil {
			return nil, fmt.Errorf("reading an image: %w", err)
		}
		images[name] = image
	}
	r.Name = eventName(n.change)
	if n.change.Expired {
		r.Identity = &identity{Type: "Service", PrincipalID: "dynamodb.amazonaws.com"}
	}
	r.Data = map[string]any{
		"ApproximateCreationDateTime": n.at.Unix(), "SequenceNumber": r.sequence, "SizeBytes": len(n.change.Old) + len(n.change.New),
		"StreamViewType": c.View, "Keys": c.keys(images),
	}
	for name, image := range images {
		if c.shows(name) {
			r.Data[name] = image
		}
	}
	return r, nil
}

func eventName(c Change) string {
	switch {
	case c.Old == nil:
		return "INSERT"
	case c.New == nil:
		return "REMOVE"
	default:
		return "MODIFY"
	}
}

func (c *Consumer) keys(images map[string]any) map[string]any {
	image, ok := images["NewImage"].(map[string]any)
	if !ok {
		image, _ = images["OldImage"].(map[string]any)
	}
	keys := map[string]any{}
	for _, name := range c.Keys {
		keys[name] = image[name]
	}
	return keys
}

// shows says whether the stream carries an image.
func (c *Consumer) shows(image string) bool {
	return c.View == "NEW_AND_OLD_IMAGES" || c.View == "NEW_IMAGE" && image == "NewImage" || c.View == "OLD_IMAGE" && image == "OldImage"
}

// passes says whether a record passes one of the filters; without filters all do.
func (c *Consumer) passes(r *record) bool {
	if len(c.Filters) == 0 {
		return true
	}
	var event map[string]any
	text, err := json.Marshal(r)
	if err != nil {
		return false // what was decoded can be encoded
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&event); err != nil {
		return false
	}
	for _, p := range c.Filters {
		if p.matches(event) {
			return true
		}
	}
	return false
}
