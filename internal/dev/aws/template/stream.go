package template

import (
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/stream"
)

// Bounds of an event source mapping on a stream.
const (
	defaultBatch = 100
	maximumBatch = 10_000
	maximumRetry = 10_000
	maximumAge   = 604_800
	forever      = -1
)

// streamProperties are those the local stack honours. Any other would change what is delivered, so it is an error.
var streamProperties = []string{
	"Stream", "StartingPosition", "BatchSize", "FilterCriteria", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds",
	"BisectBatchOnFunctionError", "FunctionResponseTypes", "DestinationConfig",
}

// streamEvent reads a DynamoDB event: the function is fed from a table's stream.
func (l *loader) streamEvent(event, p *value, f Function) error {
	if err := p.only(streamProperties...); err != nil {
		return err
	}
	m := stream.Mapping{Function: f.ARN}
	for _, step := range []func(event, p *value, m *stream.Mapping) error{streamSource, streamBounds, streamFailure, streamFilters} {
		if err := step(event, p, &m); err != nil {
			return err
		}
	}
	l.streams = append(l.streams, event)
	l.out.Streams = append(l.out.Streams, m)
	return nil
}

func streamSource(event, p *value, m *stream.Mapping) (err error) {
	if m.StreamARN, err = p.get("Stream").string(""); err != nil {
		return err
	}
	if m.StreamARN == "" {
		return event.errorf("the event has no Stream")
	}
	switch position := p.get("StartingPosition").plainText(); position {
	case "TRIM_HORIZON":
		m.FromStart = true
	case "LATEST":
	default:
		return event.errorf("StartingPosition must be TRIM_HORIZON or LATEST")
	}
	return nil
}

func streamBounds(_, p *value, m *stream.Mapping) (err error) {
	if m.BatchSize, err = p.get("BatchSize").integer(defaultBatch, 1, maximumBatch); err != nil {
		return err
	}
	if m.Retries, err = p.get("MaximumRetryAttempts").integer(forever, forever, maximumRetry); err != nil {
		return err
	}
	age, err := p.get("MaximumRecordAgeInSeconds").integer(forever, forever, maximumAge)
	if err != nil {
		return err
	}
	if age != forever {
		m.MaxAge = time.Duration(age) * time.Second
	}
	m.Bisect, err = p.get("BisectBatchOnFunctionError").boolean(false)
	return err
}

func streamFailure(_, p *value, m *stream.Mapping) error {
	types, err := p.get("FunctionResponseTypes").strings()
	if err != nil {
		return err
	}
	for _, t := range types {
		if t != "ReportBatchItemFailures" {
			return p.get("FunctionResponseTypes").errorf("%q is not ReportBatchItemFailures", t)
		}
		m.ReportsEach = true
	}
	m.Failures, err = p.get("DestinationConfig").get("OnFailure").get("Destination").string("")
	return err
}

func streamFilters(_, p *value, m *stream.Mapping) error {
	filters := p.get("FilterCriteria").get("Filters")
	if filters == nil {
		return nil
	}
	for _, f := range filters.items {
		pattern, err := stream.ParsePattern(f.get("Pattern").plainText())
		if err != nil {
			return f.errorf("Pattern: %v", err)
		}
		m.Filters = append(m.Filters, pattern)
	}
	return nil
}

// finishStreams checks that each stream is that of a table of this template which has one.
func (l *loader) finishStreams() error {
	for i, m := range l.out.Streams {
		if t, ok := l.out.TableOf(m.StreamARN); !ok {
			return l.streams[i].errorf("Stream is not that of a table of this template")
		} else if t.StreamView == "" {
			return l.streams[i].errorf("%s has no StreamSpecification", t.LogicalID)
		}
	}
	return nil
}

// TableOf returns the table with a stream.
func (t *Template) TableOf(streamARN string) (Table, bool) {
	for _, table := range t.Tables {
		if strings.HasPrefix(streamARN, table.ARN+"/stream/") {
			return table, true
		}
	}
	return Table{}, false
}

// only refuses members other than the known ones.
func (v *value) only(known ...string) error {
	fields, err := v.mapping()
	if err != nil {
		return err
	}
	for _, f := range fields {
		if !slices.Contains(known, f.name) {
			return f.value.errorf("the local stack does not support %s", f.name)
		}
	}
	return nil
}
