// Newroutes reads the routes of an MLflow, a line each as dump_routes.py prints
// them, and prints those that need a row in the endpoint table. It fails when
// there are some.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"mlgate/proxy/mlflowapi"
)

func main() {
	table, err := mlflowapi.NewTable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	total, missing := 0, 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		method, path, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			continue
		}
		if total++; !table.Has(method, path) {
			missing++
			fmt.Println("needs a row:", method, path)
		}
	}
	fmt.Printf("%d routes, %d need a row\n", total, missing)
	if missing > 0 || total == 0 {
		os.Exit(1)
	}
}
