"""The versions of stored documents: the dictionary each was compressed with, and what each means by what it leaves out.

Nothing here follows from the code of today: these are facts about what was stored. A dictionary never changes; an
upgrade changes only when a field is added, renamed or removed. `docs/stored-documents.md` says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How an older document of one type becomes a whole one of today's fields."""

    left_out: Mapping[str, Any] = field(default_factory=dict)
    """What fields meant that the document does not have, by the names they had."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Today's names of fields that had others."""
    parts: Mapping[str, Upgrade] = field(default_factory=dict)
    """Of fields, by their names today, that hold further documents: one, or a list of them."""
    parts_by_key: Mapping[str, Upgrade] = field(default_factory=dict)
    """Likewise of fields that hold documents by a key of each."""

    def __call__(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content with every field, under today's names."""
        whole = {**self.left_out, **content}
        for before, now in self.renamed.items():
            if before in whole:
                whole[now] = whole.pop(before)
        for name, part in self.parts.items():
            value = whole[name]
            if isinstance(value, list):
                whole[name] = [part(one) for one in value]
            elif value is not None:
                whole[name] = part(value)
        for name, part in self.parts_by_key.items():
            whole[name] = {key: part(one) for key, one in whole[name].items()}
        return whole


# --- version 1 --------------------------------------------------------------------------------------------

# What is used most stands last, where a match costs least.
DICTIONARY_1 = (
    b'{"debrief":{"question_"},"crm_link":{"data_type":"OPPORTUNITY","id":"deal_","external_id":"",'
    b'"connection_id":"connection_","trigger":"EXTERNAL_API_LINK","linked_at":"2026-"},"made_of":[{"recording_id":'
    b'"rec_01","start_ms":0,"end_ms":60000}],"splits":[{"at_ms":0,"recording_id":"rec_01","made_at":"2026-"}],'
    b'"seed_recording_id":"","automatic_split":true,"deleted_at":"2026-","outcome_label":"CLOSED","locked":true,'
    b'"do_not_delete":true,"private":true,"discoverable":false,"conversation_quality":"FULL_CONVERSATION",'
    b'"failure":{"stage":"prepare","code":"-failed","message":""},"chunked":true,"transcription_language":"English",'
    b'"capture":{"sdk_version":"1.","bundle_id":"com.","app_version":"1.","app_name":"","sdk_type":"iOS","os":"ios",'
    b'"os_version":"17.","device_type":"iPhone","device_id":"","code_version":"1.","trigger":"button-press",'
    b'"latitude":40.,"longitude":-70.,"chunk_creation_mode":"minimized","record_errors":["interrupted"],'
    b'"terminated_ungracefully":true,"beta_features":[]},"rep":{"first_name":"","last_name":"","team_id":"team_01",'
    b'"organization_name":""},"source":"manual","consent":"one_party","content_type":"audio/mpeg","notes":"",'
    b'"cautions":[{"code":"no-speech","message":"No speech was found in this recording, so its transcript is empty."'
    b'},{"code":"not-english","message":""}],"engines":{"transcribe":{"name":"pocketsphinx","version":"5.1.1","model"'
    b':"en-us"},"transcribe":{"name":"whisper","version":"1.2.1","model":"small"},"diarize":{"name":"embedded",'
    b'"version":"1"},"summarize":{"name":"highlights","version":"1"}},"language":"en","file_name":".wav","user_id":'
    b'"user_01","title":"","version":"","size_bytes":1,"audio":{"format":"wav","codec":"pcm_s16le","channels":1,'
    b'"sample_rate_hz":16000,"duration_s":60.0},"speakers":[{"speaker":"speaker_0","talk_s":1.,"word_count":1},'
    b'{"speaker":"speaker_1","talk_s":1.,"word_count":1}],"highlights":[{"text":" you have the that we would and to '
    b'the ","speaker":"speaker_0","segment":1,"start_s":1.,"end_s":1.},{"text":"so you can we are going to i think '
    b'that is ","speaker":"speaker_1","segment":1,"start_s":1.,"end_s":1.}],"word_count":1,"confidence":0.}'
)

_ENGINE = Upgrade({"model": None})
_FINDINGS: dict[str, Any] = {
    "language": None,
    "engines": {},
    "cautions": [],
    "highlights": [],
    "speakers": [],
    "word_count": 0,
    "confidence": None,
}
_QUESTION = Upgrade(
    {
        "revision": 1,
        "date": None,
        "text": None,
        "select": None,
        "prompt_details": None,
        "include_if": [],
        "only_if_flagged": False,
        "sets_field": None,
        "hide_from_results": False,
        "conversation_type": None,
    },
    parts={
        "date": Upgrade({"include_time": False, "required": False, "earliest": None, "latest": None}),
        "text": Upgrade({"as_number": False, "required": False, "min_size": None, "max_size": None, "message": None}),
        "select": Upgrade({"options": [], "dropdown": False, "min_selects": None, "max_selects": None}),
    },
)
FROM_VERSION_1: Mapping[str, Upgrade] = {
    "Recording": Upgrade(
        {
            **_FINDINGS,
            "queued_at": None,
            "title": None,
            "source": None,
            "consent": "all_consented",
            "consent_changes": [],
            "consent_basis": None,
            "parties": {},
            "withdrawal": None,
            "object_access": "open",
            "withheld": None,
            "content_type": None,
            "version": None,
            "size_bytes": None,
            "failure": None,
            "audio": None,
            "notes": None,
            "private": False,
            "discoverable": True,
            "locked": False,
            "do_not_delete": False,
            "outcome_label": None,
            "conversation_quality": None,
            "transcription_language": None,
            "deleted_at": None,
            "capture": None,
            "rep": None,
            "crm_link": None,
            "debrief": {},
            "debrief_asked": [],
            "made_of": [],
            "made_into": [],
            "splits": [],
            "chunked": False,
            "chunk_numbers": [],
            "seed_recording_id": None,
            "automatic_split": False,
            "advanced_bookmarks_checked": None,
        },
        renamed={"cautions": "warnings"},
        parts={
            "consent_changes": Upgrade({"note": None}),
            "consent_basis": Upgrade({"legal_basis": None}),
            "parties": Upgrade({"customer": None, "rep": None}),
            "withdrawal": Upgrade({"with_recording": None}),
            "withheld": Upgrade(_FINDINGS, renamed={"cautions": "warnings"}, parts_by_key={"engines": _ENGINE}),
            "audio": Upgrade({"is_video": False}),
            "capture": Upgrade(
                {
                    "sdk_version": None,
                    "bundle_id": None,
                    "app_version": None,
                    "app_name": None,
                    "sdk_type": None,
                    "os": None,
                    "os_version": None,
                    "device_type": None,
                    "device_id": None,
                    "code_version": None,
                    "trigger": None,
                    "latitude": None,
                    "longitude": None,
                    "chunk_creation_mode": None,
                    "record_errors": [],
                    "terminated_ungracefully": False,
                    "beta_features": [],
                }
            ),
            "rep": Upgrade({"first_name": None, "last_name": None, "team_id": None, "organization_name": None}),
            "crm_link": Upgrade(
                {"id": None, "external_id": None, "connection_id": None, "trigger": None, "linked_at": None}
            ),
            "debrief_asked": _QUESTION,
            "made_of": Upgrade({"start_ms": 0, "end_ms": None}),
        },
        parts_by_key={"engines": _ENGINE},
    ),
    "TelephoneCall": Upgrade(
        {
            "from_number": None,
            "to_number": None,
            "agent_id": None,
            "contact_id": None,
            "campaign_id": None,
            "started_at": None,
            "ended_at": None,
            "metadata": None,
            "logs": [],
        },
        parts={
            "logs": Upgrade(
                {
                    "transcription_id": None,
                    "transcription_status": None,
                    "started_at": None,
                    "ended_at": None,
                    "metadata": None,
                    "linked": False,
                }
            )
        },
    ),
    "Connection": Upgrade({"is_active": True, "sync_transcript": False}),
    "Contact": Upgrade(
        {
            "company": None,
            "email": None,
            "phone": None,
            "title": None,
            "customer_type": "CONTACT",
            "external_id": None,
            "connection_id": None,
            "crm_url": None,
        }
    ),
    "Deal": Upgrade(
        {
            "account_name": None,
            "amount": None,
            "stage": None,
            "disposition": "OPEN",
            "contact_ids": [],
            "external_id": None,
            "connection_id": None,
            "crm_url": None,
            "closed_at": None,
            "addresses": [],
        },
        parts={"addresses": Upgrade({"street": None, "city": None, "state": None, "zip": None, "country": None})},
    ),
    "ApiKey": Upgrade({"expires_at": None, "makers": []}),
    "User": Upgrade(
        {
            "phone_number": None,
            "first_name": None,
            "last_name": None,
            "member_team_id": None,
            "coach_team_ids": [],
            "external_id": None,
            "disabled": False,
            "billable": True,
            "is_admin": False,
            "suppress_emails": False,
            "suppress_email_errors": False,
        }
    ),
    "Team": Upgrade({"external_id": None}),
    "Organization": Upgrade({"name": None}),
    "Comment": Upgrade(
        {
            "updated_at": None,
            "first_name": None,
            "last_name": None,
            "text": None,
            "audio": None,
            "recipients": [],
            "unread": [],
            "seen": [],
            "private": False,
            "deleted_at": None,
        },
        parts={
            "audio": Upgrade(
                {
                    "storage_path": None,
                    "extension": None,
                    "duration_ms": None,
                    "text": None,
                    "status": None,
                    "error": None,
                }
            )
        },
    ),
    "DebriefQuestion": _QUESTION,
    "ImageGroup": Upgrade({"raw_images": [], "linked_image": None, "captured_at_ms": None}),
    "MultimediaEvent": Upgrade({"mime_type": "image/jpeg", "happened_at_ms": 0}),
    "MobileEvent": Upgrade({"facts": {}, "happened_at_ms": None, "duration_ms": None, "opportunity_ids": []}),
    "Viewer": Upgrade({"views": 0, "viewed_ms": 0, "open_since": None, "starred": False}),
    "Engagement": Upgrade({"duration_ms": 0, "client_platform": None}),
}
"""Version 1 left out every field at its default; by the name of the stored type, what those defaults were."""

# --- version 2 --------------------------------------------------------------------------------------------

# Whole documents of every type, as little as they say, then a recording's usual values, then a recording.
DICTIONARY_2 = (
    b'{"org":"","id":"call_01","registered_at":"2026-","updated_at":"2026-","direction":"outbound","from_number":null,'
    b'"to_number":null,"agent_id":null,"contact_id":null,"campaign_id":null,"started_at":null,"ended_at":null,"metadat'
    b'a":null,"logs":[]}'
    b'{"org":"","id":"connection_01","created_at":"2026-","updated_at":"2026-","name":"","platform":"MERGE","external_'
    b'account_id":"","is_active":true,"sync_transcript":false}'
    b'{"org":"","id":"deal_01","created_at":"2026-","updated_at":"2026-","name":"","account_name":null,"amount":null,"'
    b'stage":null,"disposition":"OPEN","contact_ids":[],"external_id":null,"connection_id":null,"crm_url":null,"closed'
    b'_at":null,"addresses":[]}'
    b'{"org":"","id":"token_01","created_at":"2026-","name":"","digest":"0","user_id":"user_1","created_by":"user_1","'
    b'scopes":[],"roles":[],"expires_at":null,"makers":[]}'
    b'{"org":"","id":"settings_01","created_at":"2026-","updated_at":"2026-","version":1,"consent_policy":"assumed","c'
    b'onsent_legal_basis":"","consent_grace_days":0}'
    b'{"org":"","id":"user_01","created_at":"2026-","updated_at":"2026-","email":"@","phone_number":null,"first_name":'
    b'null,"last_name":null,"member_team_id":null,"coach_team_ids":[],"external_id":null,"disabled":false,"billable":t'
    b'rue,"is_admin":false,"suppress_emails":false,"suppress_email_errors":false}'
    b'{"org":"","id":"team_01","created_at":"2026-","updated_at":"2026-","name":"","external_id":null}'
    b'{"org":"","id":"organization_01","created_at":"2026-","updated_at":"2026-","name":null}'
    b'{"org":"","id":"@","created_at":"2026-","user_id":"user_01"}'
    b'{"org":"","id":"comment_01","recording_id":"rec_01","created_at":"2026-","author_id":"user_01","thread_id":"comm'
    b'ent_01","start_ms":0,"end_ms":0,"updated_at":null,"first_name":null,"last_name":null,"text":null,"audio":{"stora'
    b'ge_id":"s","storage_path":null,"extension":null,"duration_ms":null,"text":null,"status":null,"error":null},"reci'
    b'pients":[],"unread":[],"seen":[],"private":false,"deleted_at":null}'
    b'{"org":"","id":"question_01","created_at":"2026-","updated_at":"2026-","prompt":"","response_type":"DATE_RESPONS'
    b'E","sort_value":1.0,"date":{"include_time":false,"required":false,"earliest":null,"latest":null},"text":{"as_num'
    b'ber":false,"required":false,"min_size":null,"max_size":null,"message":null},"select":{"options":[],"dropdown":fa'
    b'lse,"min_selects":null,"max_selects":null},"prompt_details":null,"include_if":[],"only_if_flagged":false,"sets_f'
    b'ield":null,"hide_from_results":false,"conversation_type":null}'
    b'{"org":"","id":"image_01","recording_id":"rec_01","created_at":"2026-","raw_images":[],"linked_image":null,"capt'
    b'ured_at_ms":null}'
    b'{"org":"","id":"media_01","recording_id":"rec_01","created_at":"2026-","mime_type":"image/jpeg","happened_at_ms"'
    b":0}"
    b'{"org":"","id":"evt_01","recording_id":"rec_01","created_at":"2026-","user_id":"user_01","name":"x","facts":{},"'
    b'happened_at_ms":null,"duration_ms":null,"opportunity_ids":[]}'
    b'{"org":"","id":"viewer_01","recording_id":"rec_01","created_at":"2026-","views":0,"viewed_ms":0,"open_since":nul'
    b'l,"starred":false}'
    b'{"org":"","id":"engagement_01","recording_id":"rec_01","created_at":"2026-","updated_at":"2026-","user_id":"user'
    b'_01","duration_ms":0,"client_platform":null}'
    b'{"org":"","id":"contact_01","name":"","created_at":"2026-","updated_at":"2026-","company":null,"email":null,"pho'
    b'ne":null,"title":null,"customer_type":"CONTACT","external_id":null,"connection_id":null,"crm_url":null}'
    b'{"debrief":{"question_"},"crm_link":{"data_type":"OPPORTUNITY","id":"deal_","external_id":"","connection_id":"co'
    b'nnection_","trigger":"EXTERNAL_API_LINK","linked_at":"2026-"},"made_of":[{"recording_id":"rec_01","start_ms":0,"'
    b'end_ms":60000}],"splits":[{"at_ms":0,"recording_id":"rec_01","made_at":"2026-"}],"seed_recording_id":"","automat'
    b'ic_split":true,"deleted_at":"2026-","outcome_label":"CLOSED","locked":true,"do_not_delete":true,"private":true,"'
    b'discoverable":false,"conversation_quality":"FULL_CONVERSATION","failure":{"stage":"prepare","code":"-failed","me'
    b'ssage":""},"chunked":true,"transcription_language":"English","capture":{"sdk_version":"1.","bundle_id":"com.","a'
    b'pp_version":"1.","app_name":"","sdk_type":"iOS","os":"ios","os_version":"17.","device_type":"iPhone","device_id"'
    b':"","code_version":"1.","trigger":"button-press","latitude":40.,"longitude":-70.,"chunk_creation_mode":"minimize'
    b'd","record_errors":["interrupted"],"terminated_ungracefully":true,"beta_features":[]},"rep":{"first_name":"","la'
    b'st_name":"","team_id":"team_01","organization_name":""},"source":"manual","consent":"one_party","content_type":"'
    b'audio/mpeg","notes":"","warnings":[{"code":"no-speech","message":"No speech was found in this recording, so its '
    b'transcript is empty."},{"code":"not-english","message":""}],"engines":{"transcribe":{"name":"pocketsphinx","vers'
    b'ion":"5.1.1","model":"en-us"},"transcribe":{"name":"whisper","version":"1.2.1","model":"small"},"diarize":{"name'
    b'":"embedded","version":"1"},"summarize":{"name":"highlights","version":"1"}},"language":"en","file_name":".wav",'
    b'"user_id":"user_01","title":"","version":"","size_bytes":1,"audio":{"format":"wav","codec":"pcm_s16le","channels'
    b'":1,"sample_rate_hz":16000,"duration_s":60.0},"speakers":[{"speaker":"speaker_0","talk_s":1.,"word_count":1},{"s'
    b'peaker":"speaker_1","talk_s":1.,"word_count":1}],"highlights":[{"text":" you have the that we would and to the "'
    b',"speaker":"speaker_0","segment":1,"start_s":1.,"end_s":1.},{"text":"so you can we are going to i think that is '
    b'","speaker":"speaker_1","segment":1,"start_s":1.,"end_s":1.}],"word_count":1,"confidence":0.}'
    b'{"file_name":".wav","queued_at":null,"title":null,"source":null,"consent":"all_consented","consent_changes":[],"'
    b'consent_basis":null,"parties":{"customer":null,"rep":null},"withdrawal":null,"object_access":"open","withheld":n'
    b'ull,"content_type":null,"version":null,"size_bytes":null,"failure":null,"audio":null,"language":null,"engines":{'
    b'},"warnings":[],"highlights":[],"speakers":[],"word_count":0,"confidence":null,"notes":null,"private":false,"dis'
    b'coverable":true,"locked":false,"do_not_delete":false,"outcome_label":null,"conversation_quality":null,"transcrip'
    b'tion_language":null,"deleted_at":null,"capture":null,"rep":null,"crm_link":null,"debrief":{},"debrief_asked":[],'
    b'"made_of":[],"made_into":[],"splits":[],"chunked":false,"chunk_numbers":[],"seed_recording_id":null,"automatic_s'
    b'plit":false,"advanced_bookmarks_checked":null}'
)

FROM_VERSION_2: Mapping[str, Upgrade] = {}
"""Version 2 holds every field its type had when it was written; by type, what has been added or renamed since."""
