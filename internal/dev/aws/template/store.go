package template

import "encoding/json"

// Table is a DynamoDB table.
type Table struct {
	LogicalID  string
	Name       string
	ARN        string
	Attributes map[string]string // name -> S, N or B
	Hash       string
	Range      string // empty when the key is the hash alone
	Indexes    []Index
	TTL        string // attribute that holds the expiry; empty when TTL is off
	StreamView string // StreamViewType; empty when the table has no stream
}

// Index is a global secondary index.
type Index struct {
	Name       string
	Hash       string
	Range      string
	Projection string   // ALL, KEYS_ONLY or INCLUDE
	NonKey     []string // with INCLUDE
}

// Secret is a Secrets Manager secret. Its first value is either fixed or
// generated when the stack starts for the first time.
type Secret struct {
	LogicalID   string
	Name        string
	ARN         string
	Description string
	Value       string // SecretString; empty when Generate is set
	Generate    *Generate
}

// Generate is GenerateSecretString. Characters of every class that is not excluded
// occur, unless AnyMix is set.
type Generate struct {
	Template      string // a JSON object the generated text is put into
	Key           string // under this member
	Length        int
	Exclude       string
	NoPunctuation bool
	NoUppercase   bool
	NoLowercase   bool
	NoNumbers     bool
	Space         bool
	AnyMix        bool // RequireEachIncludedType is false
}

func (l *loader) table(r *resource, p *value) (err error) {
	if err := p.refuse("LocalSecondaryIndexes", "ImportSourceSpecification"); err != nil {
		return err
	}
	t := Table{LogicalID: r.id, Attributes: map[string]string{}}
	if t.Name, err = l.name(r); err != nil {
		return err
	}
	if t.ARN, err = l.arn(r); err != nil {
		return err
	}
	if definitions := p.get("AttributeDefinitions"); definitions != nil {
		for _, d := range definitions.items {
			t.Attributes[d.get("AttributeName").plainText()] = d.get("AttributeType").plainText()
		}
	}
	if t.Hash, t.Range, err = keys(p); err != nil {
		return err
	}
	if t.Indexes, err = indexes(p.get("GlobalSecondaryIndexes")); err != nil {
		return err
	}
	if ttl := p.get("TimeToLiveSpecification"); ttl != nil {
		if on, err := ttl.get("Enabled").boolean(false); err != nil || on {
			t.TTL = ttl.get("AttributeName").plainText()
		}
	}
	t.StreamView = p.get("StreamSpecification").get("StreamViewType").plainText()
	l.out.Tables = append(l.out.Tables, t)
	return nil
}

func keys(p *value) (hash, sort string, err error) {
	schema := p.get("KeySchema")
	if schema == nil || schema.kind != list {
		return "", "", p.errorf("KeySchema is missing")
	}
	for _, key := range schema.items {
		switch key.get("KeyType").plainText() {
		case "HASH":
			hash = key.get("AttributeName").plainText()
		case "RANGE":
			sort = key.get("AttributeName").plainText()
		default:
			return "", "", key.errorf("KeyType must be HASH or RANGE")
		}
	}
	if hash == "" {
		return "", "", schema.errorf("no key has KeyType HASH")
	}
	return hash, sort, nil
}

func indexes(v *value) (out []Index, err error) {
	if v == nil {
		return nil, nil
	}
	for _, item := range v.items {
		index := Index{Name: item.get("IndexName").plainText()}
		if index.Hash, index.Range, err = keys(item); err != nil {
			return nil, err
		}
		projection := item.get("Projection")
		if index.Projection = projection.get("ProjectionType").plainText(); index.Projection == "" {
			return nil, item.errorf("Projection.ProjectionType is missing")
		}
		if index.NonKey, err = projection.get("NonKeyAttributes").strings(); err != nil {
			return nil, err
		}
		out = append(out, index)
	}
	return out, nil
}

func (l *loader) secret(r *resource, p *value) (err error) {
	s := Secret{LogicalID: r.id, Description: p.get("Description").plainText(), Value: p.get("SecretString").plainText()}
	if s.Name, err = l.name(r); err != nil {
		return err
	}
	if s.ARN, err = l.arn(r); err != nil {
		return err
	}
	if g := p.get("GenerateSecretString"); g != nil {
		if s.Generate, err = generate(g); err != nil {
			return err
		}
	} else if s.Value == "" {
		return p.errorf("the secret has neither GenerateSecretString nor SecretString")
	}
	l.out.Secrets = append(l.out.Secrets, s)
	return nil
}

func generate(v *value) (*Generate, error) {
	g := &Generate{
		Template: v.get("SecretStringTemplate").plainText(), Key: v.get("GenerateStringKey").plainText(),
		Exclude: v.get("ExcludeCharacters").plainText(),
	}
	if (g.Template == "") != (g.Key == "") {
		return nil, v.errorf("SecretStringTemplate and GenerateStringKey go together")
	}
	var object map[string]any
	if g.Template != "" && json.Unmarshal([]byte(g.Template), &object) != nil {
		return nil, v.get("SecretStringTemplate").errorf("want a JSON object")
	}
	var err error
	if g.Length, err = v.get("PasswordLength").integer(32, 1, 4096); err != nil {
		return nil, err
	}
	for name, into := range map[string]*bool{
		"ExcludePunctuation": &g.NoPunctuation, "ExcludeUppercase": &g.NoUppercase, "ExcludeLowercase": &g.NoLowercase,
		"ExcludeNumbers": &g.NoNumbers, "IncludeSpace": &g.Space,
	} {
		if *into, err = v.get(name).boolean(false); err != nil {
			return nil, err
		}
	}
	each, err := v.get("RequireEachIncludedType").boolean(true)
	g.AnyMix = !each
	return g, err
}

// plainText is the text of a scalar and "" for anything else.
func (v *value) plainText() string {
	if v == nil {
		return ""
	}
	return v.text
}
