// Package provisioning builds the functions of the SCIM API. It stands apart from management so that no other function
// links SCIM.
package provisioning

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

// Run serves one operation until Lambda stops the process.
func Run(operation string, build func(*boot.Process) api.Endpoint) {
	boot.Run(func(p *boot.Process) any { return scim.Handler(operation, p.Log, build(p)) })
}

// Users returns the operations on people.
func Users(p *boot.Process) *scim.Endpoints {
	return &scim.Endpoints{Manager: management.People(p).Manager}
}
