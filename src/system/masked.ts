/** What stands in the place of a secret. */
const HIDDEN = "…";

/**
 * A text as it may be shown, logged and reported: user and password are taken out of its addresses, and the values of
 * `password=`, `user-pw=`, `token=` and the like. An address that is mistyped is masked like one that is right, and in
 * doubt too much is hidden: a password may itself hold `/`, `@` and `:`, so an address is hidden up to its last `@`.
 */
export function masked(text: string): string {
  return SECRETS.reduce((rest, [pattern, kept]) => rest.replace(pattern, `${kept}${HIDDEN}`), text);
}

const SECRETS: readonly [pattern: RegExp, kept: string][] = [
  // The text begins with a user and a password: it is an address, and blanks and quotes belong to the password.
  [/^(\s*[a-z][a-z0-9+.-]*:\/\/)[^\s/:@]*:.*(?=@)/is, "$1"],
  // An address in quotes: blanks belong to it.
  [/(["'][a-z][a-z0-9+.-]*:\/\/)(?:\\.|[^"'\\])*(?=@)/gi, "$1"],
  // An address among other words, also where the colon is missing: "rtsp//user:password@host".
  [/(\/\/)(?:\\["']|[^\s"'])*(?=@)/g, "$1"],
  // One slash, none, or the wrong ones. Not after a single letter, which is a drive.
  [/\b([a-z][a-z0-9+.-]+:[\\/]*)[^\s"'\\/:@]+:[^\s"']*(?=@)/gi, "$1"],
  // The whole text is "user:password@host": the scheme is missing. A user is no number, as an hour is.
  [/^(\s*)(?!mailto:)[\w.-]*[a-z_][\w.-]*:[^\s\\/…]\S*(?=@)/i, "$1"],
  [
    /((?:\b|[a-z]_)(?:[\w-]+[_-])?(?:(?:login)?pas|pass|passw(?:or)?d|passwort|passphrase|psw|pwd?|psk|(?:api|access)?key|token|secret|auth(?:basic)?|sig|signature)\s?=\s?)(?:\\?"(?:\\.|[^"\\])*"?|'[^']*'?|[^\s&"']+)/gi,
    "$1",
  ],
];
