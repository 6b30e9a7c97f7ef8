package dynamo

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/user"
)

// condition is one as DynamoDB writes it, with what its names and operands stand for.
type condition struct {
	text     string
	names    map[string]string
	operands item.Item
}

// and is both conditions.
func (c condition) and(d condition) condition {
	all := condition{c.text + " AND " + d.text, map[string]string{}, item.Item{}}
	for _, part := range []condition{c, d} {
		maps.Copy(all.names, part.names)
		maps.Copy(all.operands, part.operands)
	}
	return all
}

// or is either condition.
func (c condition) or(d condition) condition {
	either := c.and(d)
	either.text = "((" + c.text + ") OR (" + d.text + "))"
	return either
}

// statusIs is the condition that a user's status compares so.
func statusIs(comparison string, status user.Status) condition {
	return condition{"#status " + comparison + " :status", map[string]string{"#status": "status"}, item.Item{":status": item.String(string(status))}}
}

// ofAccount is the condition that a user is of an account.
func ofAccount(account user.AccountID) condition {
	return condition{"account = :account", nil, item.Item{":account": item.String(string(account))}}
}

// issuedBefore is the condition that what was issued before an instant does not count as ended yet.
func issuedBefore(at time.Time) condition {
	return condition{"(attribute_not_exists(issuedBefore) OR issuedBefore < :issuedBefore)", nil, item.Item{":issuedBefore": item.Time(at)}}
}

// unchanged is the condition that an attribute is as it was read.
func unchanged(before item.Item, name string) condition {
	was, ok := before[name]
	names := map[string]string{"#held_" + name: name}
	if !ok {
		return condition{text: "attribute_not_exists(#held_" + name + ")", names: names}
	}
	return condition{"#held_" + name + " = :held_" + name, names, item.Item{":held_" + name: was}}
}

// not is the condition that another does not hold.
func not(c condition) condition {
	c.text = "NOT (" + c.text + ")"
	return c
}

// administrates is the condition that a user is active and has one of some roles.
func administrates(roles []string) condition {
	c := condition{names: map[string]string{"#roles": "roles", "#status": "status"}, operands: item.Item{":administrating": item.String(string(user.Active))}}
	parts := make([]string, len(roles))
	for i, role := range roles {
		name := fmt.Sprintf(":role%d", i)
		parts[i], c.operands[name] = "contains(#roles, "+name+")", item.String(role)
	}
	c.text = "#status = :administrating AND (" + strings.Join(parts, " OR ") + ")"
	return c
}

// holds is the condition that a user is active and has the roles that were read.
func holds(roles []string) condition { return statusIs("=", user.Active).and(sameRolesAs(roles)) }

func sameRolesAs(roles []string) condition {
	return condition{"#roles = :held", map[string]string{"#roles": "roles"}, item.Item{":held": item.ListOf(roles, item.String)}}
}

// generation is the condition that a profile is of a generation.
func generation(n int64) condition { return numbered("generation", n) }

// numbered is the condition that an attribute is a number; 0 is not written.
func numbered(name string, n int64) condition {
	if n == 0 {
		return condition{text: "attribute_not_exists(" + name + ")"}
	}
	return condition{text: name + " = :" + name, operands: item.Item{":" + name: item.Int(n)}}
}
