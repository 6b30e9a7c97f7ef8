package lambda

import (
	"encoding/hex"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// environment is what a function's process starts with: the template's
// variables and Lambda's own, nothing of the machine's. A variable Lambda
// reserves cannot be overridden from the template.
func environment(f Function, region, runtimeAPI string) []string {
	variables := maps.Clone(f.Environment)
	if variables == nil {
		variables = map[string]string{}
	}
	maps.Copy(variables, map[string]string{
		"PATH":                            "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"_HANDLER":                        f.Handler,
		"LAMBDA_TASK_ROOT":                filepath.Dir(f.Program),
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_ACCESS_KEY_ID":               f.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           "local",
		"AWS_SESSION_TOKEN":               "local",
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      time.Now().UTC().Format("2006/01/02/") + "[$LATEST]" + hex.EncodeToString(randomBytes(16)),
		"AWS_LAMBDA_LOG_FORMAT":           f.LogFormat,
	})
	if f.LogLevel != "" {
		variables["AWS_LAMBDA_LOG_LEVEL"] = f.LogLevel
	}
	out := make([]string, 0, len(variables))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		out = append(out, name+"="+variables[name])
	}
	return out
}
