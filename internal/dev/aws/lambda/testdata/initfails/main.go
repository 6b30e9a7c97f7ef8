// A function that ends before it asks for an event; with REPORT set it tells
// the Runtime API why.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
)

func main() {
	fmt.Println("cannot read the configuration")
	if os.Getenv("REPORT") != "" {
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		body := strings.NewReader(`{"errorMessage":"no table","errorType":"Configuration"}`)
		if answer, err := http.Post(url, "application/json", body); err == nil {
			_ = answer.Body.Close()
		}
	}
	os.Exit(1)
}
