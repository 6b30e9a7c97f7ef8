// A function that never finishes starting.
package main

import "time"

func main() { time.Sleep(time.Hour) }
