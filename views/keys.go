package views

// Key is a key of the pages, as their help lists it.
type Key struct {
	Press []string // the keys, one after the other: "g", "o"
	Words string   // what it does
	Href  string   // where it leads, empty for what the page does itself
}

// code is how the script knows a key that leads somewhere: "go".
func (k Key) code() string {
	code := ""
	for _, press := range k.Press {
		code += press
	}
	return code
}

// Keys lists the keys. The script finds in the help itself where a key leads: only what is listed here leads anywhere.
func Keys() []Key {
	return []Key{
		{Press: []string{"g", "o"}, Words: "Overview", Href: "/"},
		{Press: []string{"g", "q"}, Words: "Queues", Href: "/queues"},
		{Press: []string{"g", "t"}, Words: "Tasks", Href: "/tasks"},
		{Press: []string{"g", "w"}, Words: "Workers", Href: "/workers"},
		{Press: []string{"g", "f"}, Words: "Failed tasks", Href: "/failed"},
		{Press: []string{"n"}, Words: "Submit a task", Href: "/submit"},
		{Press: []string{"/"}, Words: "Search by id"},
		{Press: []string{"j"}, Words: "Next row"},
		{Press: []string{"k"}, Words: "Row before"},
		{Press: []string{"Enter"}, Words: "Open the row"},
		{Press: []string{"x"}, Words: "Select the row"},
		{Press: []string{"r"}, Words: "Retry the task…"},
		{Press: []string{"c"}, Words: "Cancel the task…"},
		{Press: []string{"#"}, Words: "Delete the task…"},
		{Press: []string{"Space"}, Words: "Pause, and go on"},
		{Press: []string{"."}, Words: "Show what is new"},
		{Press: []string{"t"}, Words: "Theme: system, light, dark"},
		{Press: []string{"?"}, Words: "This list"},
	}
}
