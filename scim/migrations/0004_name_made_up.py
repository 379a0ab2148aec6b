from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scim", "0003_totals")]

    operations = [
        migrations.AddField(
            model_name="userresource",
            name="name_made_up",
            field=models.BooleanField(
                db_default=False,
                help_text="The provider sent no name, only a displayName or nothing.",
            ),
        ),
    ]
