//go:build !linux

package main

// endsEarly: where no orphan can be adopted, tests end by themselves, and end what they started.
const endsEarly = false

func adoptOrphans() error { return nil }

func endOrphans() error { return nil }
