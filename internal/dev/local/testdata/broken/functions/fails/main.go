package main

func main() { thisDoesNotExist() }
