package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
	"github.com/tokenwright/tokenwright/internal/dev/aws/stream"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// makeConsumers prepares what feeds functions from the tables' streams; it listens from the first write on.
func (s *Stack) makeConsumers() {
	s.consumers = map[string][]*stream.Consumer{}
	for _, t := range s.templates() {
		for _, m := range t.Streams {
			table, _ := t.TableOf(m.StreamARN) // the template was checked
			keys := []string{table.Hash}
			if table.Range != "" {
				keys = append(keys, table.Range)
			}
			s.consumers[table.Name] = append(s.consumers[table.Name], stream.New(stream.Config{
				Mapping: m, Keys: keys, View: table.StreamView, Region: template.Region, Now: time.Now, Log: s.log.printf,
				Invoke: func(ctx context.Context, event []byte) ([]byte, bool, error) {
					result, err := s.functions.Invoke(ctx, m.Function, event)
					return result.Payload, result.Failed, err
				},
			}))
		}
	}
}

// changed tells the consumers of a table of a write.
func (s *Stack) changed(c dynamodb.Change) {
	for _, consumer := range s.consumers[c.Table] {
		consumer.Offer(stream.Change{Old: c.Old, New: c.New, Expired: c.Expired})
	}
}

// startStreams lets the consumers deliver until the stack stops. AWS keeps records for a day whatever happens to a
// function; here they end with the process, so those that want a stream from its start get the whole table first.
func (s *Stack) startStreams(ctx context.Context) error {
	for table, consumers := range s.consumers {
		for _, c := range consumers {
			s.work.Go(func() { c.Run(s.ctx) })
			if !c.FromStart {
				continue
			}
			if err := s.replay(ctx, table, c); err != nil {
				return fmt.Errorf("reading %s for its stream: %w", table, err)
			}
		}
	}
	return nil
}

// replay offers every item of a table, in DynamoDB's JSON as the stream has it, which no SDK hands out.
func (s *Stack) replay(ctx context.Context, table string, c *stream.Consumer) error {
	var page struct {
		Items            []json.RawMessage
		LastEvaluatedKey json.RawMessage `json:",omitempty"`
	}
	for {
		in := map[string]any{"TableName": table}
		if page.LastEvaluatedKey != nil {
			in["ExclusiveStartKey"] = page.LastEvaluatedKey
		}
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("asking for a page: %w", err)
		}
		page.Items, page.LastEvaluatedKey = nil, nil
		if err := s.scan(ctx, body, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			c.Offer(stream.Change{New: item})
		}
		if page.LastEvaluatedKey == nil {
			return nil
		}
	}
}

func (s *Stack) scan(ctx context.Context, body []byte, page any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url(s.listeners.dynamodb), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.Scan")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+adminAccessKeyID+"/")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("scanning: %s", answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(page)
}
