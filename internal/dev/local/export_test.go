package local

// Listeners returns the addresses of everything that listens but the functions' own.
func (s *Stack) Listeners() map[string]string {
	all := map[string]string{
		"API and identity provider": s.listeners.main.Addr().String(), "DynamoDB": s.listeners.dynamodb.Addr().String(), "Secrets Manager": s.listeners.secrets.Addr().String(),
	}
	for _, d := range s.downstreams {
		all["example "+d.label] = d.listener.Addr().String()
	}
	return all
}
