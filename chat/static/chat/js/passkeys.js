/* Shows what needs a script and an authenticator: browsers offer those on secure pages alone. */

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll(".scripted")) form.hidden = false;
}
