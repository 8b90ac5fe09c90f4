CREATE TABLE "livefold"."revocations" (
	"kind" text NOT NULL,
	"id" text collate "C" NOT NULL,
	"revoked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "revocations_kind_id_pk" PRIMARY KEY("kind","id")
);
