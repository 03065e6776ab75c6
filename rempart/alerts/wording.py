"""What a directive says by itself, in both languages, from the facts of its vulnerability."""

from __future__ import annotations

from rempart.intelligence.queries import Facts


def directive_words(vulnerability: Facts) -> dict[str, str]:
    """title_fr, title_en, text_fr, text_en."""
    what = vulnerability.product_label or vulnerability.title or vulnerability.cve_id
    exploited = vulnerability.kev_added_on is not None
    action = vulnerability.kev_action
    return {
        "title_fr": f"{vulnerability.cve_id} · {what}"[:300],
        "title_en": f"{vulnerability.cve_id} · {what}"[:300],
        "text_fr": (
            ("Cette vulnérabilité est activement exploitée. " if exploited else "")
            + "Appliquez le correctif ou la mesure d’atténuation de l’éditeur sur chaque actif touché, puis "
            "transmettez un inventaire à jour : il servira de preuve."
            + (f"\n\nMesure demandée par la CISA : {action}" if action else "")
        ),
        "text_en": (
            ("This vulnerability is known to be exploited. " if exploited else "")
            + "Apply the supplier’s patch or mitigation to each affected asset, then send an up-to-date "
            "inventory: it will serve as proof."
            + (f"\n\nAction required by CISA: {action}" if action else "")
        ),
    }
