package web

import (
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/csrf"
)

const csrfKey = "csrf"

// csrfGuard makes sure that a form came from our own page: the token in its hidden field must equal the one in a
// cookie that other sites can neither read nor send. On top of that, refuseForeignWrites checks the Origin.
func csrfGuard() fiber.Handler {
	return csrf.New(csrf.Config{
		KeyLookup:      "form:_csrf",
		CookieName:     "queuepilot_csrf",
		CookieSameSite: "Lax",
		CookieHTTPOnly: true,
		Expiration:     24 * time.Hour, // a form left open overnight still works in the morning
		Storage:        doubleSubmit{},
		ContextKey:     csrfKey,
		ErrorHandler: func(*fiber.Ctx, error) error {
			return fiber.NewError(fiber.StatusForbidden,
				"The form is too old, or cookies are off. Nothing was changed: go back, load the page anew and send it again.")
		},
	})
}

// csrfToken is the token for the forms of the page that c asks for; empty where the guard does not stand before it.
func csrfToken(c *fiber.Ctx) string {
	token, _ := c.Locals(csrfKey).(string)
	return token
}

// tokenLength is that of the middleware's tokens, UUIDs.
const tokenLength = 36

// doubleSubmit is a store of tokens that keeps nothing: that cookie and field agree is the proof. So tokens stay good
// across a restart, any of several web processes can check them, and visitors cost no memory.
type doubleSubmit struct{}

// Get knows every token of the right form.
func (doubleSubmit) Get(token string) ([]byte, error) {
	if len(token) != tokenLength {
		return nil, nil
	}
	return []byte{'+'}, nil
}

// Set keeps nothing.
func (doubleSubmit) Set(string, []byte, time.Duration) error { return nil }

// Delete has nothing to delete.
func (doubleSubmit) Delete(string) error { return nil }

// Reset has nothing to reset.
func (doubleSubmit) Reset() error { return nil }

// Close has nothing to close.
func (doubleSubmit) Close() error { return nil }
